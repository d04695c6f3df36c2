for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const movable = [...body.rows].filter((row) => !row.classList.contains("summary"));
      const key = (row) => row.cells[place].dataset.value ?? "";
      const order = (a, b) => {
        if (key(a) === "" || key(b) === "") return (key(a) === "") - (key(b) === "");
        const numeric = row => row.cells[place].classList.contains("number");
        const way = numeric(a) && numeric(b)
          ? key(a) - key(b)
          : key(a).localeCompare(key(b), undefined, { numeric: true });
        return down ? -way : way;
      };
      body.append(...movable.sort(order));
    });
  });
}
