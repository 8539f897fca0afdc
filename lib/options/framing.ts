/** The option `framing` of a service. */
import { Type, type TSchema } from '@sinclair/typebox'
import { OptionsError } from '../errors.js'
import { framings, type FramingOption } from '../framing/index.js'
import { either, isObject, refuse } from './schema-pieces.js'

export const framing = either<FramingOption>('the name of a framing, { type: name, … }, or a framing of your own', value => typeof value === 'string' || isObject(value),
  { default: 'raw', description: 'how the bytes are cut into messages' })

const closed = { additionalProperties: false }

const framingSchemas: Readonly<Record<string, TSchema>> = {
  ...Object.fromEntries(Object.keys(framings).map(name => [name, Type.Object({ type: Type.Literal(name) }, closed)])),
  delimiter: Type.Object({
    type: Type.Literal('delimiter'),
    delimiter: Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.Integer({ minimum: 0, maximum: 255 }), { minItems: 1 })])
  }, closed),
  'length-prefixed': Type.Object({
    type: Type.Literal('length-prefixed'),
    bytes: Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(4)]),
    endian: Type.Optional(Type.Union([Type.Literal('big'), Type.Literal('little')])),
    inclusive: Type.Optional(Type.Boolean())
  }, closed)
}

const OwnFraming = Type.Object({ whole: Type.Boolean(), encode: Type.Function([], Type.Any()), decoder: Type.Function([], Type.Any()) }, { additionalProperties: true })

/** @throws OptionsError where it is none */
export function refuseFraming (path: string, option: FramingOption): void {
  if (typeof option === 'object' && !('type' in option)) return refuse(path, OwnFraming, option)
  const asked = typeof option === 'string' ? { type: option } : option
  const schema = Object.hasOwn(framingSchemas, asked.type) ? framingSchemas[asked.type] : undefined
  if (schema === undefined) throw new OptionsError(`${path}: Expected ${Object.keys(framingSchemas).map(name => `"${name}"`).join(' or ')}`)
  refuse(path, schema, asked)
}
