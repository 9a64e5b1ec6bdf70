// response_mode=form_post: sends the form to the portal as soon as the page is there.
document.getElementById("form-post-form").submit();
