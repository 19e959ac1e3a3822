import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'

/**
 * Fastify's validator over TypeBox. What travels as text (query, path, headers) is converted to the type of
 * its field and takes the schema's defaults; a body is JSON and has its types already: `5` is no name.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema)
  return (input: unknown) => {
    const value = httpPart === 'body' ? input : Value.Default(schema, Value.Convert(schema, input))
    if (check.Check(value)) return { value }
    return { error: check.Errors(value) as unknown as Error }
  }
}
