import type { FastifySchemaValidationError } from 'fastify'

const PLACES: Record<string, string> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
}

/** The first error of a schema check, in one sentence of Harbor's kind: `page_size in query should be …`. */
export function validationMessage(errors: FastifySchemaValidationError[], context = 'body'): string {
  const place = PLACES[context] ?? context
  const [error] = errors
  if (!error) return `${place} is invalid`
  const name = error.instancePath.slice(1).replaceAll('/', '.')
  if (error.keyword === 'required')
    return `${[name, missing(error.params)].filter(Boolean).join('.')} in ${place} is required`
  return `${name === '' ? place : `${name} in ${place}`} ${rule(error)}`
}

function missing(params: Record<string, unknown>): string {
  const names = params.requiredProperties ?? params.missingProperty
  return String(Array.isArray(names) ? names[0] : names)
}

function rule({ keyword, params, message }: FastifySchemaValidationError): string {
  switch (keyword) {
    case 'type':
      return `must be of type ${String(params.type)}`
    case 'maxLength':
      return `should be at most ${String(params.limit)} chars long`
    case 'minLength':
      return `should be at least ${String(params.limit)} chars long`
    case 'maximum':
      return `should be less than or equal to ${String(params.limit)}`
    case 'minimum':
      return `should be greater than or equal to ${String(params.limit)}`
    default:
      return message ?? 'is invalid'
  }
}
