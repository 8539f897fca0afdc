/** A history in this process that several nodes share; it answers later. */
import type { Appended, EventMessage, Keep } from '../../lib/index.js'
import { DistantHistory } from './distant-history.js'

/** Ids are three apart in each channel, so it is known what was before. */
export class SharedHistory extends DistantHistory {
  readonly shared = true

  override async append (event: EventMessage, keep: Keep): Promise<any> {
    const id = await super.append(event, keep)
    return { id, before: id - 3 } satisfies Appended
  }
}
