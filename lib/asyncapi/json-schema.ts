/** Schemas of TypeBox as JSON Schema that stands on its own: what they name by an id is a component of the document. */
import type { TSchema } from '@sinclair/typebox'

/** JSON Schema, draft 7, as AsyncAPI has it. */
export type JsonSchema = Record<string, unknown>

/** The components of a document, by name. */
export type Components = Record<string, JsonSchema>

// Types of TypeBox that JSON Schema lacks, as JSON carries them; others may be anything.
const types: Readonly<Record<string, JsonSchema>> = {
  Date: { type: 'string', format: 'date-time' },
  bigint: { type: 'integer' },
  RegExp: { type: 'string' }
}

const jsonTypes = ['null', 'boolean', 'object', 'array', 'number', 'integer', 'string']

/** A reference to a component. */
export function referTo (name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` }
}

/**
 * Adds a schema to the components.
 * @param name of the component; what the schema defines itself is named after it
 * @returns the reference to it
 */
export function addSchema (components: Components, name: string, schema: TSchema): JsonSchema {
  // TypeBox keeps what is its own under symbols, which JSON leaves out.
  const plain = JSON.parse(JSON.stringify(schema)) as JsonSchema
  components[name] = plainOf(plain, { components, name })
  return referTo(name)
}

interface Context {
  readonly components: Components
  readonly name: string
}

// Where schemas stand in a schema: by name, in a list or alone. Everything else is taken as it is.
const named = ['properties', 'patternProperties', 'definitions']
const nested = ['allOf', 'anyOf', 'oneOf', 'items', 'additionalItems', 'additionalProperties', 'contains', 'propertyNames', 'not', 'if', 'then', 'else']

function plainOf (value: unknown, context: Context): any {
  if (Array.isArray(value)) return value.map(each => plainOf(each, context))
  if (typeof value !== 'object' || value === null) return value
  const { $id, $defs, $ref, ...schema } = value as JsonSchema
  for (const [id, defined] of Object.entries($defs ?? {})) define(context, id, defined)
  if (typeof $ref === 'string') return referTo(componentOf(context, $ref))
  if (typeof $id === 'string') {
    define(context, $id, schema)
    return referTo(componentOf(context, $id))
  }
  const plain = Object.entries(known(schema)).map(([key, each]) => {
    if (named.includes(key)) return [key, Object.fromEntries(Object.entries(each as object).map(([name, one]) => [name, plainOf(one, context)]))]
    return [key, nested.includes(key) ? plainOf(each, context) : each]
  })
  return Object.fromEntries(plain)
}

function known ({ type, source, flags, ...rest }: JsonSchema): JsonSchema {
  if (type === undefined || [type].flat().every(each => jsonTypes.includes(each as string))) return { ...rest, ...(type !== undefined && { type }) }
  return { ...types[String(type)], ...rest, ...(type === 'RegExp' && { pattern: source }) }
}

function define (context: Context, id: string, schema: unknown): void {
  const name = componentOf(context, id)
  if (name in context.components) return
  // Before it is looked into: it may name itself.
  context.components[name] = {}
  const { $id, ...rest } = schema as JsonSchema
  context.components[name] = plainOf(rest, context)
}

function componentOf ({ name }: Context, id: string): string {
  return `${name}.${id.replace(/[^\w.-]/g, '_')}`
}
