import type { Static, TSchema } from '@sinclair/typebox'
import type { OwnService, Recipient } from './own-service.js'
import type { Verdict } from './policy.js'
import type { Session } from './session.js'

/** What the handler of a call may use besides its parameters. */
export interface CallContext {
  /** Who calls. */
  readonly session: Session
  /** Aborted when nobody waits for the answer any more: at the deadline, and at the end of the session. */
  readonly signal: AbortSignal
}

/**
 * A call that clients may make, at `/service/rpc/NAME`.
 * @typeParam Params schema of what clients send
 * @typeParam Result schema of what they get
 */
export interface Call<Params extends TSchema = any, Result extends TSchema = any> {
  /** Parameters that do not fit are refused with 422 and the JSON pointer. Left out: anything. */
  readonly params?: Params
  /** A result that does not fit is 500 to the client, and logged. Left out: anything that JSON can carry. */
  readonly result?: Result
  /** May this session make the call? Asked after `policy.canPublish`. */
  readonly authorize?: (session: Session) => Verdict
  /**
   * Answers. What it returns, or resolves to, is the result; `undefined` becomes null.
   * @throws an error with a `statusCode` of 4xx, to tell the client that and its message; anything else is 500, and its details are for the log
   */
  readonly handler: (params: Static<Params>, context: CallContext) => Static<Result> | Promise<Static<Result>>
  /** ms that the answer may take, then the client gets 504; `limits.callTimeout` where it is left out. */
  readonly timeout?: number
}

/** How a session is called. */
export interface CallSettings<Result extends TSchema = TSchema> {
  /** ms that the answer may take; `limits.callTimeout` where it is left out, `Infinity` for no end. */
  readonly timeout?: number
  /** Gives the call up: it rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** What the answer must be. */
  readonly result?: Result
}

type ParamsOf<Definition> = Definition extends { readonly params: { static: infer Params } } ? Params : unknown
type ResultOf<Definition> = Definition extends { readonly result: { static: infer Result } } ? Result : unknown

/** The calls of some definitions as functions, for the client: `{ add (params: { a: number, b: number }): number }`. */
export type CallsOf<Definitions> = {
  [Name in keyof Definitions]: (params: ParamsOf<Definitions[Name]>) => ResultOf<Definitions[Name]>
}

/** The calls port: the gateway's own service `rpc`, and the calls that the application makes to clients. */
export interface Calls extends OwnService {
  /** Calls a client. @throws FST_BAYEUX_CALL_… (the promise rejects) */
  call (session: Recipient, method: string, params: unknown, settings: CallSettings): Promise<unknown>
}
