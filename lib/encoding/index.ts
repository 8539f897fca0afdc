/** The encodings by name: the option `encoding` of a service. */
import type { Encoding } from '../../types/index.js'
import { base64 } from './base64.js'
import { binary } from './binary.js'
import { json } from './json.js'
import { none } from './none.js'
import { utf8 } from './utf8.js'

export { UNREADABLE } from './unreadable.js'

export const encodings = { utf8, json, base64, binary, none } as const satisfies Record<string, Encoding>

export type EncodingName = keyof typeof encodings

export const encodingNames = Object.keys(encodings) as EncodingName[]
