import { homedir } from 'node:os'
import { join } from 'node:path'

/** Programs that the black-box tests and the benches drive, and the Debian packages that bring each. */
export const DEBIAN_PROGRAMS = {
  podman: ['podman', 'uidmap'],
  buildah: ['buildah', 'uidmap'],
  skopeo: ['skopeo'],
  umoci: ['umoci'],
  'docker-registry': ['docker-registry'],
  nginx: ['nginx-light'],
  wrk: ['wrk'],
  chromium: ['chromium'],
  openssl: ['openssl'],
} as const

/** Modules of Python that the black-box tests run programs with, and the Debian package that brings each. */
export const PYTHON_MODULES = { requests: ['python3', 'python3-requests'] } as const

/** Clients and S3 servers that Debian does not have, as Go builds them from the module proxy, in exactly these versions. */
export const GO_PROGRAMS = {
  crane: { source: 'github.com/google/go-containerregistry/cmd/crane', version: 'v0.22.1' },
  regctl: { source: 'github.com/regclient/regclient/cmd/regctl', version: 'v0.11.7' },
  helm: { source: 'helm.sh/helm/v3/cmd/helm', version: 'v3.22.0' },
  minio: { source: 'github.com/minio/minio', version: 'v0.0.0-20260212201848-7aac2a2c5b7c' },
  versitygw: { source: 'github.com/versity/versitygw/cmd/versitygw', version: 'v1.8.0' },
  cosign: { source: 'github.com/sigstore/cosign/v3/cmd/cosign', version: 'v3.1.3' },
} as const

/** Another registry, which bench/ measures beside ours; no test needs it. */
export const BENCH_PROGRAMS = {
  registry: { source: 'github.com/distribution/distribution/v3/cmd/registry', version: 'v3.1.2' },
} as const

const BUILT = { ...GO_PROGRAMS, ...BENCH_PROGRAMS }

export type DebianProgram = keyof typeof DEBIAN_PROGRAMS
export type PythonModule = keyof typeof PYTHON_MODULES
export type GoProgram = keyof typeof BUILT

export function isGoProgram(name: string): name is GoProgram {
  return Object.hasOwn(BUILT, name)
}

/** What Go is told to build. */
export function goProgramSource(name: GoProgram): { source: string; version: string } {
  return BUILT[name]
}

/** Where what Go built is kept, for this and for later runs. */
export function goProgramDirectory(name: GoProgram): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')

  return join(cache, 'portolan/tools', `${name}@${BUILT[name].version}`)
}
