import { run } from '../check/run.ts'
import { findProgram } from './path.ts'

/**
 * `policy-rc.d` keeps what is installed from being started as a service: a registry and a web server are
 * wanted as programs, not on this machine's ports.
 */
const INSTALL = `
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\\nexit 101\\n' >"$policy" && chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q && apt-get install -q -y --no-install-recommends "$@"
`

/** Installs packages, as root or through sudo. Answers why not, where it could not. */
export async function installPackages(packages: readonly string[]): Promise<string | undefined> {
  if ((await findProgram('apt-get')) === undefined) return 'this system has no apt-get'
  const asRoot = await rootCommand()
  if (asRoot === undefined) return 'we are neither root nor may use sudo without a password'

  process.stdout.write(`installing ${packages.join(' ')}\n`)
  const [command = '', ...args] = [...asRoot, 'sh', '-c', INSTALL, 'sh', ...packages]
  const { code, output } = await run(command, args)

  return code === 0 ? undefined : `apt-get failed: ${output.split('\n').at(-1)}`
}

/** What to put in front of a command so that root runs it; undefined where that is not to be had. */
async function rootCommand(): Promise<string[] | undefined> {
  if (process.getuid?.() === 0) return []
  if ((await findProgram('sudo')) === undefined) return undefined

  return (await run('sudo', ['-n', 'true'])).code === 0 ? ['sudo', '-n'] : undefined
}
