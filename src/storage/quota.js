// @ts-check

/**
 * The keys of localStorage with their size in UTF-16 units, values included: the unit of the quota.
 * @returns {[key: string, size: number][]}
 */
export function sizes() {
    try {
        return Object.entries(localStorage).map(([key, value]) => [key, key.length + value.length]);
    } catch {
        return [];
    }
}
