/** Who may do what in the demo: everybody may hear the counter, speak with the services, and chat, but not at length. */
import type { Policy, Session } from 'fastify-bayeux'
import { CHAT, LONGEST_NAME } from './chat.js'
import { COUNTER } from './counter.js'

const SERVICE = '/service/'
const HEARD = [CHAT, COUNTER]
const LONGEST = { id: 40, name: LONGEST_NAME, text: 280 }

export const policy: Policy = {
  canSubscribe: (_session, channel) => channel.startsWith(SERVICE) || HEARD.includes(channel),
  canPublish: (_session, channel, data) => channel.startsWith(SERVICE) || (channel === CHAT && (isWords(data) || `400:${CHAT}:Expected id, name and text, none of them empty or long`))
}

/** Who may see the monitor page, and end sessions: who sits at this machine. */
export function mayMonitor ({ caller }: Session): boolean {
  return ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(caller.address)
}

// With the time that the chat's extension has put there.
function isWords (data: unknown): boolean {
  if (typeof data !== 'object' || data === null) return false
  const { at, ...words } = data as Record<string, unknown>
  if (typeof at !== 'number' || Object.keys(words).length !== 3) return false
  return Object.entries(LONGEST).every(([field, longest]) => {
    const value = words[field]
    return typeof value === 'string' && value.trim() !== '' && value.length <= longest
  })
}
