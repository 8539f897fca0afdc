/** Errors of start-up and of HTTP answers, with the codes `FST_BAYEUX_*`. */
import createError from '@fastify/error'

/** An option is wrong; the text names its path. Thrown at `register`. */
export const OptionsError = createError('FST_BAYEUX_OPTIONS', 'fastify-bayeux: %s', 500, TypeError)

/** An HTTP request holds nothing that could be answered message by message. */
export const BadRequestError = createError('FST_BAYEUX_BAD_REQUEST', '%s', 400)

/** A browser on a foreign site spoke, and its origin is not in `origins`. */
export const OriginError = createError('FST_BAYEUX_ORIGIN', 'Origin %s is not allowed', 403)

/** The AsyncAPI document is not for whoever asked, or whoever wants to publish over HTTP may not. */
export const ForbiddenError = createError('FST_BAYEUX_FORBIDDEN', 'Not for you', 403)

/** Neither JSON nor a form. */
export const MediaTypeError = createError('FST_BAYEUX_MEDIA_TYPE', 'Content-Type %s is not supported: send application/json, or a form with message fields', 415)

/** A channel or argument of `app.realtime` is wrong. */
export const UsageError = createError('FST_BAYEUX_USAGE', '%s', 500, TypeError)

/** A call to a client failed: its session has ended. */
export const CallEndedError = createError('FST_BAYEUX_CALL_ENDED', 'No answer to %s: the session has ended', 503)

/** A call to a client failed: no answer came in time. */
export const CallTimeoutError = createError('FST_BAYEUX_CALL_TIMEOUT', 'No answer to %s within %d ms', 504)

/** A call to a client failed: it knows no such method. */
export const CallUnknownError = createError('FST_BAYEUX_CALL_UNKNOWN', 'The client does not know %s', 501)

/** A call to a client failed: it says so. Its `{ code, message, data }` is the `cause`. */
export const CallRefusedError = createError('FST_BAYEUX_CALL_REFUSED', 'The client refused %s: %s', 502)

/** A call to a client failed: its answer does not fit the schema. */
export const CallResultError = createError('FST_BAYEUX_CALL_RESULT', 'The answer to %s does not fit: %s', 502)

/** A call to a client failed: too many wait for an answer of its session. */
export const CallLimitError = createError('FST_BAYEUX_CALL_LIMIT', 'More than %d calls wait for an answer of this session', 503)
