window.editor = { skin: document.currentScript.src.replace(/[^/]*$/, "skins/" + "oxide" + ".css") };
