export { redisHistory } from './histories/redis.js'
export type { RedisHistoryOptions } from './histories/redis.js'
