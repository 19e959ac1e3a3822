interface ExecutionEnded {
  executionId: number
  vendorType: string
  vendorId: number
  status: string
}

declare module '../platform/events/catalogue.ts' {
  interface EventPayloads {
    /** All tasks of an execution are over. */
    'execution.ended': ExecutionEnded
  }
}
