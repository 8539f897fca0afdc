/** The framings by name: the option `framing` of a service. */
import type { Framing } from '../../types/index.js'
import { lines } from './lines.js'
import { raw } from './raw.js'

export const framings = { raw, lines } as const satisfies Record<string, Framing>

export type FramingName = keyof typeof framings

export const framingNames = Object.keys(framings) as FramingName[]
