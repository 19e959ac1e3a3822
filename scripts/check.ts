import { parseArgs } from 'node:util'
import { describeSkip, unforgivable } from './check/skips.ts'
import type { Outcome, Skip, Step } from './check/step.ts'
import { STEPS } from './check/steps.ts'

/**
 * The one check command, `npm test`: runs every step, fastest first, goes on after a failure and ends
 * with one line of counts. `--fast` leaves out what starts a database or the program; `--only <step>`
 * (several times if need be) runs just that.
 */
const { values } = parseArgs({
  options: {
    fast: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
  },
})

const print = (text: string) => process.stdout.write(`${text}\n`)
const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`

const begin = performance.now()
const total = { passed: 0, failed: 0, skipped: [] as Skip[] }

for (const step of chosenSteps()) {
  const start = performance.now()
  print(`▸ ${step.name}: ${step.about}`)
  const outcome = await outcomeOf(step)
  if (outcome.output !== '') print(outcome.output)
  print(`${outcome.failed === 0 ? '✓' : '✗'} ${step.name} ${seconds(start)}`)

  total.passed += outcome.passed
  total.failed += outcome.failed
  total.skipped.push(...outcome.skipped)
}

reportSkips(total.skipped)
print(`\ntotal ${seconds(begin)}`)
print(`${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped`)
process.exitCode = total.failed === 0 ? 0 : 1

function chosenSteps(): Step[] {
  const unknown = values.only.filter((name) => !STEPS.some((step) => step.name === name))
  if (unknown.length > 0) {
    process.stderr.write(
      `no step ${unknown.join(', ')}; there are ${STEPS.map(({ name }) => name).join(', ')}\n`,
    )
    process.exit(2)
  }
  if (values.only.length > 0) return STEPS.filter((step) => values.only.includes(step.name))

  return STEPS.filter((step) => step.fast || !values.fast)
}

async function outcomeOf(step: Step): Promise<Outcome> {
  try {
    return await step.run()
  } catch (error) {
    return { passed: 0, failed: 1, skipped: [], output: String(error) }
  }
}

function reportSkips(skipped: readonly Skip[]): void {
  if (skipped.length > 0) print('\nskipped:')
  for (const skip of skipped) print(`  ${describeSkip(skip)}`)
  if (process.env.CI !== 'true') return

  const wrong = unforgivable(skipped)
  for (const skip of wrong) print(`✗ ${describeSkip(skip)}: must not be skipped where CI=true`)
  total.failed += wrong.length
}
