/* ticketgate-client, Apache-2.0 */
