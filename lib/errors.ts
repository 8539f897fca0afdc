/** Errors of start-up and of HTTP answers, with the codes `FST_BAYEUX_*`. */
import createError from '@fastify/error'

/** An option is wrong; the text names its path. Thrown at `register`. */
export const OptionsError = createError('FST_BAYEUX_OPTIONS', 'fastify-bayeux: %s', 500, TypeError)

/** An HTTP request holds nothing that could be answered message by message. */
export const BadRequestError = createError('FST_BAYEUX_BAD_REQUEST', '%s', 400)

/** A browser on a foreign site spoke, and its origin is not in `origins`. */
export const OriginError = createError('FST_BAYEUX_ORIGIN', 'Origin %s is not allowed', 403)

/** Neither JSON nor a form. */
export const MediaTypeError = createError('FST_BAYEUX_MEDIA_TYPE', 'Content-Type %s is not supported: send application/json, or a form with message fields', 415)

/** A channel or argument of `app.realtime` is wrong. */
export const UsageError = createError('FST_BAYEUX_USAGE', '%s', 500, TypeError)
