/** The icon in the browser's tab: a letter with a seal. Our own drawing. */
export const FAVICON_PATH = "/favicon.svg";

export const FAVICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">\
<rect width="32" height="32" rx="7" fill="#1f5fbf"/>\
<g fill="none" stroke="#fff" stroke-width="2" stroke-linejoin="round">\
<path d="M5 9h22v15H5z"/><path d="m5.5 9.5 10.5 8.5 10.5-8.5"/></g>\
<circle cx="23" cy="22" r="5.5" fill="#e3a82b" stroke="#1f5fbf" stroke-width="1.5"/></svg>
`;
