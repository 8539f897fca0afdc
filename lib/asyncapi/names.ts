/** Names of channels as a document has them. */

// What a key of a document may hold.
const KEY = /[^A-Za-z0-9_-]/g

/** Keys for channels: readable, and none twice. */
export class Keys {
  readonly #taken = new Set<string>()

  /** @example of('/chat/*') // 'chat.any' */
  of (channel: string): string {
    const words = channel.slice(1).split('/').map(segment => segment === '*' ? 'any' : segment === '**' ? 'all' : segment.replace(KEY, '_'))
    const wanted = words.join('.')
    let key = wanted
    for (let count = 2; this.#taken.has(key); count++) key = `${wanted}.${count}`
    this.#taken.add(key)
    return key
  }
}

/** The address of a channel or pattern, with a parameter for its star. */
export function addressOf (channel: string): { address: string, parameters?: Record<string, object> } {
  if (channel.endsWith('/**')) return { address: `${channel.slice(0, -2)}{segments}`, parameters: { segments: { description: 'One or more segments, with a slash between two.' } } }
  if (channel.endsWith('/*')) return { address: `${channel.slice(0, -1)}{segment}`, parameters: { segment: { description: 'One segment: letters, digits and -_!~()$@' } } }
  return { address: channel }
}

/** What the field `channel` of a message on it holds, as JSON Schema. */
export function channelField (channel: string): object {
  if (!channel.endsWith('*')) return { const: channel }
  const parent = channel.slice(0, channel.lastIndexOf('/') + 1).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return { type: 'string', pattern: `^${parent}${channel.endsWith('**') ? '.+' : '[^/]+'}$` }
}
