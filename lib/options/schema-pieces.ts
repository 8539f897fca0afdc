/** Pieces of the options' schemas that TypeBox lacks, and the refusal that names the path of what is wrong. */
import { Kind, Type, TypeGuard, TypeRegistry, type TSchema } from '@sinclair/typebox'
import { Value, type ValueError } from '@sinclair/typebox/value'
import { OptionsError } from '../errors.js'
import { compile } from '../protocol/schemas.js'

export const isFunction = (value: unknown) => typeof value === 'function'

export const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

export const func = <F>(description: string) => Type.Unsafe<F>(Type.Function([], Type.Any(), { description }))

export const oneOf = <Name extends string>(names: readonly Name[], fallback: Name, description: string) =>
  Type.Union(names.map(name => Type.Literal(name)), { default: fallback, description }) as unknown as ReturnType<typeof Type.Unsafe<Name>>

// TypeBox clones what it finds in a union while it fills in defaults, and functions cannot be cloned.
const EITHER = 'FastifyBayeux:Either'
TypeRegistry.Set<TSchema & { accepts: (value: unknown) => boolean }>(EITHER, (schema, value) => schema.accepts(value))

/** What a predicate accepts; `expected` is what the refusal says. */
export const either = <T>(expected: string, accepts: (value: unknown) => boolean, more: object = {}) =>
  Type.Unsafe<T>({ [Kind]: EITHER, expected, accepts, ...more })

/** A schema of the application's. */
export const typeboxSchema = (description: string) => either<TSchema>('a TypeBox schema', isSchema, { description })

// Not everything that looks like one can be compiled: `Type.Unsafe` of what is none, or one of those within.
function isSchema (value: unknown): boolean {
  if (!isObject(value) || !(Kind in value)) return false
  try {
    compile(value as TSchema)
    return true
  } catch {
    return false
  }
}

/** @throws OptionsError naming the path of the first thing wrong */
export function refuse (prefix: string, schema: TSchema, value: unknown): void {
  const first = Value.Errors(schema, value).First()
  if (first === undefined) return
  const path = first.path.slice(1).replaceAll('/', '.')
  throw new OptionsError(`${[prefix, path].filter(part => part !== '').join('.')}: ${explain(first)}`)
}

// TypeBox says of a union only that it did not fit; the names that would fit are what helps.
function explain (error: ValueError): string {
  const { schema } = error
  if (error.message === 'Unexpected property') return 'Unknown option'
  if (schema[Kind] === EITHER || ('expected' in schema && !isObject(error.value))) return `Expected ${schema.expected}`
  if (TypeGuard.IsUnion(schema)) {
    const expected = schema.anyOf.map(each => TypeGuard.IsLiteral(each) ? JSON.stringify(each.const) : each[Kind].toLowerCase())
    return `Expected ${expected.join(' or ')}`
  }
  return error.message
}

/** A copy whose defaults can be filled in: what the user passed is theirs. Functions and class instances are kept. */
export function copyPlain (value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyPlain)
  if (typeof value !== 'object' || value === null) return value
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  // The schemas of TypeBox know themselves by a symbol.
  if (Kind in value) return value
  // A handler is an object of the application's, not a piece of configuration.
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, key === 'handler' ? each : copyPlain(each)]))
}
