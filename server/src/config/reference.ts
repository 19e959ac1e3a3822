import { referenceText } from './reference-text.ts'

/** Prints `docs/reference/configuration.md`. */
process.stdout.write(referenceText())
