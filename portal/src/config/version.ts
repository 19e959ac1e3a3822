/** Written in by the build (vite.config.ts): portal and server are released together, under one version. */
declare const PORTOLAN_VERSION: string

export const version = PORTOLAN_VERSION
