/** A handler for what may happen and matters to nobody; whoever passes it says why. */
export function ignore(): void {
  // Nothing is to be done.
}
