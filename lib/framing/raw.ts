import type { Framing } from '../../types/index.js'

/** No framing: what arrives together is one message, and nothing is added to what is written. */
export const raw: Framing = {
  encode: message => message,
  whole: false,
  decoder: () => ({
    push: chunk => chunk.length === 0 ? [] : [chunk],
    end: () => []
  })
}
