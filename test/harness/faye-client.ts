/** The client `faye` of npm as it is. */
import faye, { type Client, type FayeMessage } from 'faye'
import { within } from './until.js'

type Test = { after: (fn: () => unknown) => unknown }

export interface Speaker {
  readonly client: Client
  /** Every message that came, as it came. */
  readonly came: FayeMessage[]
}

/** Makes a client that disconnects at the end of the test; with `websocket` it chooses for itself, and prefers that. */
export function speak (t: Test, url: string, transport: 'websocket' | 'long-polling' = 'websocket'): Speaker {
  let over = false
  // Faye tries for ever; a test that failed must end all the same.
  class UntilTheEnd extends faye.Scheduler {
    override isDeliverable (): boolean {
      return !over && super.isDeliverable()
    }
  }
  const client = new faye.Client(url, { retry: 0.1, scheduler: UntilTheEnd })
  if (transport === 'long-polling') client.disable('websocket')
  const came: FayeMessage[] = []
  client.addExtension({
    incoming: (message, pass) => {
      came.push({ ...message })
      pass(message)
    }
  })
  t.after(async () => {
    await settled(client.disconnect(), 'disconnected')
    over = true
  })
  return { client, came }
}

/** What Faye returns is a subscription or a publication that is also a promise. */
export function settled (thenable: PromiseLike<void> | undefined, what: string): Promise<void> {
  return within(Promise.resolve(thenable), what)
}
