import "./helpers.js";
const later = () => import('./later/nowhere.js');
