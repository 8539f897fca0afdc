/** `/service/monitor`: what the monitor page is shown, and what it may ask for. */
import type { Figures, InternalHandler, Session } from '../../types/index.js'
import { Pulse } from './pulse.js'
import { Viewer, type Viewed } from './viewer.js'
import type { Command } from './view.js'

/** @param figures of the gateway, at the pace of the page, until a signal */
export function monitorHandler (viewed: Viewed, figures: (signal: AbortSignal) => AsyncIterable<Figures>): InternalHandler {
  const pulse = new Pulse({ ...viewed, figures })
  return (incoming, { session, signal, log }) => {
    const viewer = new Viewer(viewed, pulse, session as Session)
    signal.addEventListener('abort', () => viewer.leave())
    obey(viewer, incoming as AsyncIterable<Command>)
      .catch(error => log.error({ err: error }, 'the monitor page could not be obeyed'))
      .finally(() => viewer.leave())
    return viewer.views()
  }
}

async function obey (viewer: Viewer, commands: AsyncIterable<Command>): Promise<void> {
  for await (const command of commands) viewer.obey(command)
}
