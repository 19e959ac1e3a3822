interface ConfigurationUpdated {
  /** Names of the settings that have another value now. */
  keys: readonly string[]
  actor: { id: number; username: string }
}

interface AllowlistUpdated {
  /** How many are on the list now. */
  items: number
  actor: { id: number; username: string }
}

declare module '../platform/events/catalogue.ts' {
  interface EventPayloads {
    /** An administrator has set something. Values are not told. */
    'configuration.updated': ConfigurationUpdated
    /** The list of vulnerabilities that the system allows was set. */
    'cve_allowlist.updated': AllowlistUpdated
  }
}
