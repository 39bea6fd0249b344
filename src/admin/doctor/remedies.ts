/** Remedies that several checks give. */

/** A setting is changed at once, and kept over a restart. */
export function setTo(setting: string, value: string): string {
  return `CONFIG SET ${setting} ${value}, and the same in redis.conf or the provider's parameters`;
}

export const PERMIT_CONFIG =
  "ACL SETUSER <user> +config|get, or look it up where the server is configured; a provider's console, say";

export const PERMIT_INFO = 'ACL SETUSER <user> +info';
