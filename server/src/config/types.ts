export type PlainValue = string | number | boolean

/** One key: what it takes, and its help text. Without a default it may be missing. */
export type Key = { description: string; secret?: boolean } & (
  | { type: 'text' | 'origin' | 'postgres-url' | 'key' | 'duration'; default?: string }
  | { type: 'integer' | 'number'; default: number; minimum: number; maximum: number }
  // A whole number, or what the program finds out by itself.
  | { type: 'count'; default: 'auto'; minimum: number; maximum: number }
  | { type: 'boolean'; default: boolean }
  | { type: 'choice'; choices: readonly string[]; default: string }
  | { type: 'networks' | 'names'; default: readonly string[] }
  // Any names below this one, checked by who uses them; the variable of each is the key's with `_NAME` behind it.
  | { type: 'values'; default: Readonly<Record<string, PlainValue>> }
)

/** Keys and groups of keys under their names. */
export interface Group {
  readonly [name: string]: Key | Group
}

type ValueOf<K> = K extends { type: 'choice'; choices: readonly (infer Choice)[] }
  ? Choice
  : K extends { type: 'integer' | 'number' }
    ? number
    : K extends { type: 'count' }
      ? number | 'auto'
      : K extends { type: 'boolean' }
        ? boolean
        : K extends { type: 'networks' | 'names' }
          ? readonly string[]
          : K extends { type: 'values' }
            ? Readonly<Record<string, PlainValue>>
            : string

type NodeOf<N> = N extends { description: string } ? ValueOf<N> : DocumentOf<N>

type OptionalName<G> = {
  [Name in keyof G]: G[Name] extends { description: string; default: unknown }
    ? never
    : G[Name] extends { description: string }
      ? Name
      : never
}[keyof G]

/** What a document with the keys of a group holds, defaults filled in. */
export type DocumentOf<G> = {
  -readonly [Name in Exclude<keyof G, OptionalName<G>>]: NodeOf<G[Name]>
} & {
  -readonly [Name in OptionalName<G>]?: NodeOf<G[Name]>
}

type CamelKey<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelKey<Tail>>}`
  : Name

/** The same in camelCase and read-only. */
export type ConfigOf<Document> = Document extends readonly string[]
  ? Document
  : Document extends object
    ? { readonly [Name in keyof Document as CamelKey<Name & string>]: ConfigOf<Document[Name]> }
    : Document
