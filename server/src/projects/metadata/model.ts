import { DomainError } from '../../platform/errors.ts'
import type { Project } from '../model.ts'

/** What a metadata value may be. */
type Check = (value: string) => boolean

const flag: Check = (value) => value === 'true' || value === 'false'
const whole: Check = (value) => /^(-1|\d{1,15})$/.test(value)
const text: Check = (value) => value.length <= 1024
const severity: Check = (value) =>
  ['none', 'unknown', 'negligible', 'low', 'medium', 'high', 'critical'].includes(value.toLowerCase())

const CHECKS: Readonly<Record<string, Check>> = {
  public: flag,
  enable_content_trust: flag,
  enable_content_trust_cosign: flag,
  prevent_vul: flag,
  severity,
  auto_scan: flag,
  auto_sbom_generation: flag,
  reuse_sys_cve_allowlist: flag,
  retention_id: whole,
  proxy_speed_kb: whole,
  max_upstream_conn: whole,
  proxy_cache_local_on_not_found: flag,
  proxy_referrer_api: flag,
  proxy_cache_filter_pattern: text,
  proxy_cache_filter_kind: text,
}

/** Whether projects have a metadata of that name. */
function isMetadataName(name: string): boolean {
  return Object.hasOwn(CHECKS, name)
}

/** Written by `retention` alone: clients may read it, send it back and remove it. */
const KEPT = 'retention_id'

/** Throws bad-request unless `name` is one that clients may set, and `value` one of its values. */
export function checkSettable(name: string, value: string): void {
  if (name === KEPT) throw new DomainError('bad-request', `invalid key: ${name}`)
  checkMetadata(name, value)
}

/** Throws bad-request unless `name` is known and `value` is one of its values. */
function checkMetadata(name: string, value: string): void {
  const check = isMetadataName(name) ? CHECKS[name] : undefined
  if (check === undefined) throw new DomainError('bad-request', `invalid key: ${name}`)
  if (check(value)) return
  const rule =
    check === flag ? `should only be 'true' or 'false', but got: '${value}'` : `cannot be '${value}'`
  throw new DomainError('bad-request', `metadata.${name} ${rule}`)
}

/** The known entries of `input` that have a value, checked; unknown names, and what clients do not set, are passed over. */
export function knownMetadata(
  input: Readonly<Record<string, string | null | undefined>>,
): Record<string, string> {
  const known: Record<string, string> = {}
  for (const [name, value] of Object.entries(input)) {
    if (value === null || value === undefined || !isMetadataName(name)) continue
    checkMetadata(name, value)
    if (name !== KEPT) known[name] = value
  }
  return known
}

/** Metadata as a flat list, `public` among it. */
export function allMetadata(project: Project): Record<string, string> {
  return { ...project.metadata, public: String(project.public) }
}
