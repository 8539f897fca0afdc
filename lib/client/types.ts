/** What a service speaks, as types: the names are those of its `schema` in the gateway's options. */
export interface AnyService {
  /** What it says. */
  readonly event?: unknown
  /** What it may be told. */
  readonly publish?: unknown
  /** Its JSON-RPC methods, as functions: `{ start (delay: number): string }`. */
  readonly methods?: object
}

/** The services of a gateway by name, where nothing is known about them. */
export type AnyServices = any

/** The calls of a gateway by name, where nothing is known about them. */
export type AnyCalls = any

type IsAny<Type> = 0 extends 1 & Type ? true : false
type Field<Types, Name extends string, Otherwise> = IsAny<Types> extends true ? Otherwise : Types extends { readonly [Key in Name]: infer Type } ? Type : Otherwise

/** What is left out is anything. */
export interface ServiceTypes<Types> {
  event: Field<Types, 'event', any>
  publish: Field<Types, 'publish', any>
  methods: Field<Types, 'methods', Record<string, any>>
}

/** What follows the name of a call: its parameters, which may be left out where they may be undefined, and options. */
export type CallParameters<Call, Options> =
  Call extends (params: infer Params) => unknown ? undefined extends Params ? [params?: Params, options?: Options] : [params: Params, options?: Options] : [params?: unknown, options?: Options]

/** What a call resolves to. */
export type CallResult<Call> = Call extends (...params: any[]) => infer Result ? Awaited<Result> : any
