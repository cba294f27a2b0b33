// The keys of localStorage, and how many UTF-16 units each takes with its value: what a quota counts.
export function sizes() {
    try {
        return Object.entries(localStorage).map(([key, value]) => [key, key.length + value.length]);
    } catch {
        return [];
    }
}
