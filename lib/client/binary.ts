/** `import … from 'fastify-bayeux/client/binary'`: bytes as the data of messages. */
import { BinaryExtension } from './cometd.js'
import type { ClientExtension } from './options.js'

interface Carrier {
  readonly channel: string
  data?: unknown
  ext?: Record<string, unknown>
}

/**
 * An extension for data that is bytes. What is published as an `ArrayBuffer` or a view of one goes out as bytes, to
 * services and channels; what comes as bytes is a `Uint8Array`.
 */
export function binary (): ClientExtension {
  const extension = new BinaryExtension()
  return {
    name: 'binary',
    outgoing (message: Carrier) {
      const { data, ext } = message
      if (!(data instanceof ArrayBuffer) && !ArrayBuffer.isView(data)) return message
      // A copy of a view, for CometD encodes the whole buffer behind one.
      const bytes = data instanceof ArrayBuffer ? data : new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
      return Object.assign(message, extension.outgoing?.({ channel: message.channel, data: { data: bytes, last: true }, ext: { ...ext, binary: {} } }))
    },
    incoming (message: Carrier) {
      if (message.ext?.binary === undefined || message.data === undefined) return message
      extension.incoming?.(message)
      return Object.assign(message, { data: new Uint8Array((message.data as { data: ArrayBuffer }).data) })
    }
  }
}
