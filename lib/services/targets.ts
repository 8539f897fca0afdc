import type { Session } from '../../types/index.js'
import type { ServiceOptions } from '../options/index.js'

/** Checks a definition that is known only now, and fills in its defaults. @throws where something is wrong */
export type Complete = (name: string, definition: Record<string, unknown>) => ServiceOptions

/** The application gave no target to a session. */
export class NoTarget extends Error {}

/**
 * Where a service is to be reached, in the order to try: what `resolve` says, or `targets`, or the
 * definition itself. A target replaces fields of the definition.
 * @param session null where many share the connection
 * @throws NoTarget, and what `resolve` threw
 */
export async function targetsOf (name: string, definition: ServiceOptions, session: Session | null, complete: Complete): Promise<readonly ServiceOptions[]> {
  const { resolve, targets, ...base } = definition
  if (resolve !== undefined && session !== null) {
    const found = await resolve(session.caller, session)
    const list = [found ?? []].flat()
    if (list.length === 0) throw new NoTarget('resolve gave no target')
    return list.map(target => complete(name, { ...base, ...target }))
  }
  if (targets === undefined) return [definition]
  return targets.map(target => ({ ...base, ...target }) as ServiceOptions)
}
