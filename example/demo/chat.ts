/**
 * The chat's channel. There are no logins, so each page brings a name of its own with its subscribe (`ext.name`), and
 * whoever has the same name counts as the same person. What is said gets the gateway's time, for it may be read later.
 */
import type { Extension, Session } from 'fastify-bayeux'

export const CHAT = '/chat/demo'

/** In characters. */
export const LONGEST_NAME = 32

const NAME = 'name'

/** What others learn of a session that is in the chat. */
export function infoOf ({ state }: Session): { name: string } {
  return { name: state.get(NAME) as string | undefined ?? 'somebody' }
}

/** Takes the name out of a subscribe, and puts the time on a message. */
export const chat: Extension = {
  name: 'chat',
  incoming (message, session) {
    const { name } = message.ext ?? {}
    if (name !== undefined && message.channel === '/meta/subscribe' && 'subscription' in message && message.subscription === CHAT) {
      if (!isName(name)) return `400:${CHAT}:Expected a name of 1 to ${LONGEST_NAME} characters`
      session?.state.set(NAME, name.trim())
    }
    if (message.channel === CHAT && 'data' in message && typeof message.data === 'object') message.data = { ...message.data, at: Date.now() }
  }
}

function isName (name: unknown): name is string {
  return typeof name === 'string' && name.trim() !== '' && name.length <= LONGEST_NAME
}
