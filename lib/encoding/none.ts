import type { Encoding } from '../../types/index.js'
import { utf8 } from './utf8.js'

/**
 * Values as they are, for services that speak in objects. Where such a service speaks in bytes after all,
 * they are text.
 */
export const none: Encoding = {
  values: true,
  encode: utf8.encode,
  decoder: utf8.decoder
}
