/** Harbor's five project roles, with the ids its API shows. */
export const ROLE_IDS = { projectAdmin: 1, developer: 2, guest: 3, maintainer: 4, limitedGuest: 5 } as const
export type Role = keyof typeof ROLE_IDS
