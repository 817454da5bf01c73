export { curfewFastify } from './plugin.ts'
export type { CurfewFastifyOptions, Guard, GuardOptions } from './plugin.ts'
export type { RecentAuthentication } from './recent-auth.ts'
export { bearerToken } from './bearer.ts'
