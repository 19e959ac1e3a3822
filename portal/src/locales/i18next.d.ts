import type shell from './shell.en.ts'
import type system from './system.en.ts'

/** A key that English does not have is a type error; the other languages are typed after English. */
declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { shell: typeof shell; system: typeof system }
  }
}
