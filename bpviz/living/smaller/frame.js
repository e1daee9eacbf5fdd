// Written by tools/smaller.py from 3f1ad42fe653bada
(()=>{if(parent===window)return;const e=()=>parent.postMessage({bpvizHeight:Math.ceil(document.documentElement.getBoundingClientRect().height)},"*");new ResizeObserver(e).observe(document.documentElement),addEventListener("load",e)})();
