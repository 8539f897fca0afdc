/** The framings: the option `framing` of a service, by name, with settings, or the application's own. */
import type { Framing } from '../../types/index.js'
import { contentLength } from './content-length.js'
import { delimiter, type DelimiterOptions } from './delimiter.js'
import { lengthPrefixed, type LengthPrefixedOptions } from './length-prefixed.js'
import { lines } from './lines.js'
import { raw } from './raw.js'

/** Those that need no settings. */
export const framings = { raw, lines, 'content-length': contentLength } as const satisfies Record<string, Framing>

export type FramingName = keyof typeof framings

/** The option `framing`. */
export type FramingOption =
  | FramingName
  | { readonly type: FramingName }
  | { readonly type: 'delimiter' } & DelimiterOptions
  | { readonly type: 'length-prefixed' } & LengthPrefixedOptions
  | Framing

export function framingOf (option: FramingOption): Framing {
  if (typeof option === 'string') return framings[option]
  if (!('type' in option)) return option
  switch (option.type) {
    case 'delimiter': return delimiter(option)
    case 'length-prefixed': return lengthPrefixed(option)
    default: return framings[option.type]
  }
}
