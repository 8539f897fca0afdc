type Said<Schema> = Schema extends { readonly event: { static: infer Event } } ? { readonly event: Event } : unknown
type Told<Schema> = Schema extends { readonly publish: { static: infer Publish } } ? { readonly publish: Publish } : unknown

/**
 * What services speak, from their definitions: `{ vault: { schema: { publish: Type.Object(…) } } }`, as the types that
 * the client is given. What no schema says is anything.
 */
export type ServicesOf<Definitions> = {
  [Name in keyof Definitions]: Definitions[Name] extends { readonly schema: infer Schema } ? Said<Schema> & Told<Schema> : unknown
}
