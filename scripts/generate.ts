import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { GENERATED, make } from './check/generated.ts'
import { ROOT } from './check/run.ts'

/** `npm run generate`: writes every file that is made from code. */
for (const { file, command } of GENERATED) {
  const path = join(ROOT, file)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, await make(command))
  process.stdout.write(`${file}\n`)
}
