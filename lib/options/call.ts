/** The options of a call that clients may make. */
import { Type, type Static, type TSchema } from '@sinclair/typebox'
import type { Call, CallContext, Session, Verdict } from '../../types/index.js'
import { OptionsError } from '../errors.js'
import { func, isObject, refuse, typeboxSchema } from './schema-pieces.js'
import { MAX_MS, NAME } from './service.js'

/** One entry of the option `calls`. */
export const CallSchema = Type.Object({
  params: Type.Optional(typeboxSchema('of what clients send; what does not fit is refused with 422')),
  result: Type.Optional(typeboxSchema('of what they get; what does not fit is 500, and logged')),
  authorize: Type.Optional(func<(session: Session) => Verdict>('may this session make the call?')),
  handler: func<(params: any, context: CallContext) => unknown>('answers: what it returns or resolves to is the result'),
  timeout: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_MS, description: 'ms that the answer may take, then 504; limits.callTimeout where it is left out' }))
}, { additionalProperties: false })

/** A call, checked. */
export type CallOptions = Static<typeof CallSchema>

/**
 * Checks one call. What the caller passed is left as it was.
 * @throws OptionsError (FST_BAYEUX_OPTIONS) naming the path of the first thing wrong: `calls.add.handler`
 */
export function readCall (name: string, raw: Call): CallOptions {
  const path = `calls.${name}`
  if (!NAME.test(name)) throw new OptionsError(`${path}: A name becomes a channel: letters, digits and -_!~()$@`)
  if (!isObject(raw)) throw new OptionsError(`${path}: Expected object`)
  refuse(path, CallSchema, raw)
  return { ...raw } as CallOptions
}

/** Gives back what it is given; for TypeScript, which learns the types of a handler from the schemas beside it. */
export function defineCall<Params extends TSchema, Result extends TSchema> (definition: Call<Params, Result>): Call<Params, Result> {
  return definition
}
