import { buildPortal } from '../build/portal.ts'
import { installPeers } from '../peers/install.ts'
import { checkGenerated } from './generated.ts'
import { checkLinks } from './links.ts'
import { run } from './run.ts'
import { type Outcome, type Step, verdict } from './step.ts'
import { checkVersions } from './versions.ts'
import { runVitest } from './vitest-step.ts'
import { checkWords } from './words.ts'

const WORKSPACES = ['api', 'server', 'portal', 'tests', 'bench']

/** Everything that must hold, fastest first. */
export const STEPS: Step[] = [
  {
    name: 'lint',
    about: 'format and lint',
    fast: true,
    run: () => tool('biome', 'check', '--error-on-warnings', '--diagnostic-level=warn'),
  },
  {
    name: 'imports',
    about: 'no cycles, nobody imports what lies below',
    fast: true,
    run: checkImports,
  },
  { name: 'words', about: 'SQL in stores, one owner a table, HTTP at the edge', fast: true, run: checkWords },
  { name: 'versions', about: 'one version of everything', fast: true, run: checkVersions },
  { name: 'links', about: 'links in documents lead somewhere', fast: true, run: checkLinks },
  { name: 'types', about: 'TypeScript, each workspace', fast: true, run: checkTypes },
  {
    name: 'dead-code',
    about: 'no unused file, export or dependency',
    fast: true,
    run: () => tool('knip', '--no-progress', '--treat-config-hints-as-errors'),
  },
  { name: 'generated', about: 'generated files are up to date', fast: true, run: checkGenerated },
  { name: 'unit', about: 'unit and portal tests', fast: true, run: () => runVitest(['unit', 'portal']) },
  { name: 'db', about: 'tests over a real PostgreSQL', fast: false, run: () => runVitest(['db']) },
  {
    name: 'peers',
    about: 'clients, registries and stores that the next steps drive',
    fast: false,
    run: async () => ({ passed: 0, failed: 0, skipped: [], output: (await installPeers()).join('\n') }),
  },
  { name: 'stores', about: 'storage drivers over real servers', fast: false, run: () => runVitest(['peer']) },
  { name: 'blackbox', about: 'the program from outside', fast: false, run: runBlackbox },
]

async function runBlackbox(): Promise<Outcome> {
  // Once, before several test files start servers that show it.
  await buildPortal()

  return runVitest(['blackbox'])
}

async function tool(command: string, ...args: string[]): Promise<Outcome> {
  const { code, output } = await run(command, args)

  return verdict(code === 0 ? [] : [output])
}

function checkImports(): Promise<Outcome> {
  const preload = ['--import', './scripts/check/swc-tsx.ts']
  const rules = ['--config', '.dependency-cruiser.mjs']

  return tool('node', ...preload, 'node_modules/.bin/depcruise', ...rules, ...WORKSPACES, 'scripts')
}

async function checkTypes(): Promise<Outcome> {
  const results = await Promise.all(['.', ...WORKSPACES].map((folder) => run('tsc', ['-p', folder])))

  return verdict(results.filter(({ code }) => code !== 0).map(({ output }) => output))
}
