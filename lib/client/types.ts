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
export type AnyServices = Record<string, any>

/** What is left out is anything. */
export interface ServiceTypes<Types extends AnyService> {
  event: Types extends { readonly event: infer Data } ? Data : any
  publish: Types extends { readonly publish: infer Data } ? Data : any
}
