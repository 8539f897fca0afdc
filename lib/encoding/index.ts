/** The encodings by name: the option `encoding` of a service. */
import type { Encoding } from '../../types/index.js'
import { utf8 } from './utf8.js'

export const encodings = { utf8 } as const satisfies Record<string, Encoding>

export type EncodingName = keyof typeof encodings

export const encodingNames = Object.keys(encodings) as EncodingName[]
