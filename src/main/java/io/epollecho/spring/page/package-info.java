/**
 * The status page of the runnable jar, and the filter that refuses requests for other hosts. The
 * starter does not contain the page, because the root path belongs to the host application.
 */
@NullMarked
package io.epollecho.spring.page;

import org.jspecify.annotations.NullMarked;
