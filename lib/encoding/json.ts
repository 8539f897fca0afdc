import type { Encoding } from '../../types/index.js'
import { UNREADABLE } from './unreadable.js'

/** Messages of a service that are JSON: clients get the values, and theirs are written as JSON. */
export const json: Encoding = {
  wholeOnly: true,
  encode: data => Buffer.isBuffer(data) ? data : Buffer.from(JSON.stringify(data)),
  decoder: () => ({
    push (frame) {
      try {
        return JSON.parse(frame.toString('utf8'))
      } catch {
        return UNREADABLE
      }
    },
    end: () => undefined
  })
}
