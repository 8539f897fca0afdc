/** Names of nodes (docs/protocol.md, section 1): letters and digits, new at each start. A clientId ends in that of the node that gave it. */
import { CLIENT_ID_LENGTH, newClientId } from '../broker/client-id.js'

// 62^6: two of a thousand nodes have the same name once in a hundred thousand such gateways.
const LENGTH = 6

export function newNodeName (): string {
  return newClientId().slice(0, LENGTH)
}

/** The node that a clientId was given by; null where it tells none. */
export function nodeOf (clientId: string): string | null {
  return clientId.length === CLIENT_ID_LENGTH + LENGTH ? clientId.slice(CLIENT_ID_LENGTH) : null
}
