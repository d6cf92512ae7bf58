/** Vite turns an imported style sheet into a hashed file that the page links to. */
declare module "*.css";
