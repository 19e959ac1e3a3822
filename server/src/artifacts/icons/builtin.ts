import { createHash } from 'node:crypto'

/** A picture that comes with the program. */
export interface BuiltinIcon {
  digest: string
  svg: string
}

/** Strokes on a square of 50 by 50, one look for all kinds. */
function icon(colour: string, paths: string): BuiltinIcon {
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="50" height="50" viewBox="0 0 50 50" fill="none" ` +
    `stroke="${colour}" stroke-width="3" stroke-linecap="round" stroke-linejoin="round">${paths}</svg>`

  return { digest: `sha256:${createHash('sha256').update(svg).digest('hex')}`, svg }
}

// A box, seen from a corner.
const IMAGE = icon('#1668dc', '<path d="M25 5 44 15v20L25 45 6 35V15zM6 15l19 10 19-10M25 25v20"/>')
// A wheel with spokes.
const CHART = icon(
  '#0f1689',
  '<circle cx="25" cy="25" r="13"/><circle cx="25" cy="25" r="3"/>' +
    '<path d="M25 5v7M25 38v7M5 25h7M38 25h7M11 11l5 5M34 34l5 5M39 11l-5 5M16 34l-5 5"/>',
)
// A parcel with a string.
const CNAB = icon('#d46b08', '<path d="M7 14h36v28H7zM7 14l6-8h24l6 8M25 6v36M7 28h36"/>')
// A chip with a wave on it.
const WASM = icon(
  '#654ff0',
  '<path d="M7 7h12a6 6 0 0 0 12 0h12v36H7zM13 24l4 11 4-8 4 8 4-11M35 35l3-11 4 11"/>',
)
// Points joined in layers.
const MODEL = icon(
  '#08979c',
  '<circle cx="10" cy="14" r="4"/><circle cx="10" cy="36" r="4"/><circle cx="40" cy="25" r="4"/>' +
    '<path d="M14 15.500 36 24M14 34.500 36 26M10 18v14"/>',
)
// A list with marks.
const SBOM = icon('#389e0d', '<path d="M10 5h30v40H10zM17 15h2M24 15h10M17 25h2M24 25h10M17 35h2M24 35h10"/>')
// A seal with a ribbon.
const SIGNATURE = icon(
  '#c41d7f',
  '<circle cx="25" cy="18" r="13"/><path d="m19 18 4 4 8-8M17 29l-4 16 12-6 12 6-4-16"/>',
)
// A sheet with a check mark.
const ATTESTATION = icon('#531dab', '<path d="M10 5h22l8 8v32H10zM32 5v8h8M17 29l6 6 11-12"/>')
// A bolt.
const ACCELERATOR = icon('#d4b106', '<path d="M28 4 10 28h12l-2 18 20-26H27z"/>')
// A sheet.
const UNKNOWN = icon('#595959', '<path d="M10 5h22l8 8v32H10zM32 5v8h8"/>')

const BY_TYPE: ReadonlyMap<string, BuiltinIcon> = new Map([
  ['IMAGE', IMAGE],
  ['CHART', CHART],
  ['CNAB', CNAB],
  ['WASM', WASM],
  ['CNAI', MODEL],
  ['SBOM', SBOM],
  ['ATTESTATION', ATTESTATION],
])

const BY_ACCESSORY: ReadonlyMap<string, BuiltinIcon> = new Map([
  ['signature.cosign', SIGNATURE],
  ['signature.notation', SIGNATURE],
  ['accelerator.nydus', ACCELERATOR],
  ['sbom.harbor', SBOM],
  ['sbom.cosign', SBOM],
  ['attestation.buildkit', ATTESTATION],
  ['attestation.cosign', ATTESTATION],
])

const BY_DIGEST = new Map(
  [...BY_TYPE.values(), ...BY_ACCESSORY.values(), UNKNOWN].map((entry) => [entry.digest, entry] as const),
)

/** Digest of the icon of an artifact: its own, else that of its type. */
export function iconOf(artifact: { icon: string | null; type: string | null }): string {
  return artifact.icon ?? (BY_TYPE.get(artifact.type ?? '') ?? UNKNOWN).digest
}

/** Digest of the icon of an accessory; empty where its type has none. */
export function accessoryIconOf(type: string): string {
  return BY_ACCESSORY.get(type)?.digest ?? ''
}

/** The icon of that digest that comes with the program. */
export function findBuiltinIcon(digest: string): BuiltinIcon | undefined {
  return BY_DIGEST.get(digest)
}
