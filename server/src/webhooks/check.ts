import { DomainError } from '../platform/errors.ts'
import { OutboundError } from '../platform/outbound/errors.ts'
import { checkPattern } from './filters.ts'
import {
  EVENT_TYPES,
  type EventType,
  PAYLOAD_FORMATS,
  type PolicySettings,
  TARGET_TYPES,
  type Target,
  type TargetSecrets,
} from './model.ts'
import { toPayload } from './payload.ts'
import { fillTemplate, TemplateError } from './template.ts'

/** A target as it is asked for. */
export interface TargetRequest {
  type: string
  address: string
  skipCertVerify: boolean
  payloadFormat: string
  template: string
}

/** Throws bad-request for settings that no policy can have, in Harbor's words where it has them. */
export function checkSettings(settings: PolicySettings): void {
  if (settings.eventTypes.length === 0) throw bad('empty event type')
  const unknown = settings.eventTypes.find((type) => !EVENT_TYPES.includes(type))
  if (unknown !== undefined) throw bad(`unsupported event type ${unknown}`)
  checkPattern(settings.repositoryPattern)
  checkPattern(settings.tagPattern)
  for (const secrets of settings.secrets) checkHeaders(secrets)
}

/** The targets asked for, checked. `check` throws OutboundError for addresses that can never be called. */
export function readTargets(
  requests: readonly TargetRequest[],
  policyName: string,
  check: (address: string) => void,
): Target[] {
  if (requests.length === 0) throw bad(`empty notification target with policy ${policyName}`)
  return requests.map((request) => readTarget(request, policyName, check))
}

function readTarget(
  { type, address, skipCertVerify, payloadFormat, template }: TargetRequest,
  policyName: string,
  check: (address: string) => void,
): Target {
  const known = TARGET_TYPES.find((one) => one === type)
  if (!known) throw bad(`unsupported target type ${type} with policy ${policyName}`)
  const format = PAYLOAD_FORMATS.find((one) => one === payloadFormat)
  if (payloadFormat !== '' && (known !== 'http' || !format)) {
    throw bad(`unsupported payload format type: ${payloadFormat}`)
  }
  if (template !== '') checkTemplate(template)

  return {
    type: known,
    address: readAddress(address, check),
    skipCertVerify,
    payloadFormat: format,
    template: template === '' ? undefined : template,
  }
}

/** Without a scheme it is http, as in Harbor. */
function readAddress(text: string, check: (address: string) => void): string {
  const address = text.includes('://') ? text.trim() : `http://${text.trim()}`
  try {
    check(address)
  } catch (error) {
    if (error instanceof OutboundError) throw bad(`invalid address of a target: ${error.message}`)
    throw error
  }
  return address
}

const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/
// Tab, and what is visible of Latin-1.
const VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/
/** Headers that the client writes itself, or that would change how the request is read. */
const RESERVED = new Set([
  'host',
  'connection',
  'content-length',
  'content-type',
  'content-encoding',
  'transfer-encoding',
  'keep-alive',
  'upgrade',
  'te',
  'trailer',
  'expect',
  'proxy-authorization',
  'proxy-connection',
])

function checkHeaders({ authHeader = '', headers = {} }: TargetSecrets): void {
  if (!VALUE.test(authHeader)) throw bad('auth_header has characters that no header may have')
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase()
    if (!TOKEN.test(name) || RESERVED.has(lower) || lower.startsWith('x-portolan-')) {
      throw bad(`custom_headers: ${JSON.stringify(name)} cannot be set`)
    }
    if (!VALUE.test(value))
      throw bad(`custom_headers: the value of ${name} has characters that no header may have`)
  }
}

/** Tries the template on an event of which everything is known, and on one of which little is. */
function checkTemplate(template: string): void {
  try {
    for (const sample of SAMPLES) fillTemplate(template, sample)
  } catch (error) {
    if (error instanceof TemplateError) throw bad(error.message)
    throw error
  }
}

const SAMPLE_EVENT = {
  type: 'PUSH_ARTIFACT' as EventType,
  time: new Date(0),
  operator: 'a "name" \\ with \n anything',
  projectId: 1,
  repository: { id: 1, projectName: 'library', name: 'app' },
  resources: [{ digest: `sha256:${'0'.repeat(64)}`, tag: 'v1' }],
  customAttributes: { Details: 'words' },
}
const SAMPLES = [
  toPayload(SAMPLE_EVENT, { creationTime: new Date(0), public: true }, 'registry.example.com'),
  toPayload(
    { ...SAMPLE_EVENT, repository: undefined, resources: [] },
    { creationTime: undefined, public: false },
    '',
  ),
]

function bad(message: string): DomainError {
  return new DomainError('bad-request', message)
}
